/* Back to a list as it was left: a crumb leads to what was last seen of its list in this tab, with its conditions, its page and
   how far down. Without script it leads to the whole list, and the menu always does. The conditions may name a person: a page
   on which nobody is signed in, such as the one after signing out, forgets them before another person sits down. */
const seen = (path) => JSON.parse(sessionStorage.getItem("list " + path) || "null");

try {
  if (!document.querySelector(".acct")) for (const key of Object.keys(sessionStorage)) if (key.startsWith("list ")) sessionStorage.removeItem(key);
  const here = seen(location.pathname);
  if (document.querySelector(".filters")) {
    if (here && sessionStorage.getItem("back") === location.href && here.search === location.search) scrollTo(0, here.top);
    window.addEventListener("pagehide", () => sessionStorage.setItem("list " + location.pathname, JSON.stringify({ search: location.search, top: scrollY })));
  }
  sessionStorage.removeItem("back");
  for (const link of document.querySelectorAll(".crumb a[href]")) {
    const list = link.search || link.hash ? null : seen(link.pathname);
    if (!list) continue;
    link.search = list.search;
    link.addEventListener("click", () => sessionStorage.setItem("back", link.href));
  }
} catch { /* a browser that keeps nothing leads to the whole list */ }
