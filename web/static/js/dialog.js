/* A link with data-dialog leads to a page; where the browser has <dialog>, that page's <main> is shown in one instead.
   Forms inside post as they do on the page itself, so a refusal comes back as the full page with the values kept. */
const able = typeof HTMLDialogElement === "function" && "showModal" in HTMLDialogElement.prototype;

async function open(link) {
  const answer = await fetch(link.href, { credentials: "same-origin", headers: { Accept: "text/html" } });
  if (!answer.ok || new URL(answer.url).pathname !== new URL(link.href).pathname) throw new Error("not the page that was asked for");
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const main = page.querySelector("main");
  if (!main) throw new Error("nothing to show");
  const box = document.createElement("dialog");
  box.className = "dlg";
  const shut = document.createElement("button");
  shut.type = "button";
  shut.className = "btn plain shut";
  shut.textContent = say("关闭");
  shut.addEventListener("click", () => box.close());
  const body = document.createElement("div");
  body.className = "main";
  for (const node of Array.from(main.childNodes)) body.append(document.importNode(node, true));
  box.append(shut, body);
  const title = body.querySelector("h1, h2");
  if (title) { title.id = title.id || "dialog-title"; box.setAttribute("aria-labelledby", title.id); }
  box.addEventListener("click", (event) => { if (event.target === box) box.close(); });
  box.addEventListener("close", () => { box.remove(); if (link.isConnected) link.focus(); });
  document.body.append(box);
  if (window.htmx) window.htmx.process(box);
  box.showModal();
  const first = body.querySelector("[autofocus], input:not([type=hidden]), select, textarea");
  if (first) first.focus();
}

document.addEventListener("click", (event) => {
  const link = event.target.closest && event.target.closest("a[data-dialog]");
  if (!able || !link || event.defaultPrevented || event.button || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  open(link).catch(() => { location.href = link.href; });   // the page itself says what is wrong
});

/* A page that reads itself again waits until the dialog over it is closed: what was typed there stays. */
document.addEventListener("htmx:beforeOnLoad", (event) => {
  if (event.detail.xhr.getResponseHeader("HX-Refresh") && document.querySelector("dialog[open]")) event.preventDefault();
});
