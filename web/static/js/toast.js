/* A toast counts its seconds down and goes; it waits while it is pointed at or holds the focus. */
const watch = (toast) => {
  let left = Number(toast.dataset.toast) || 10;
  const words = toast.querySelector("[data-left]");
  const tick = setInterval(() => {
    if (!toast.isConnected) { clearInterval(tick); return; }
    if (toast.matches(":hover") || toast.contains(document.activeElement)) return;
    left -= 1;
    if (words) words.textContent = say("{left} 秒", { left });
    if (left <= 0) toast.remove();
  }, 1000);
  if (words) words.textContent = say("{left} 秒", { left });
};
const start = (root) => {
  for (const toast of root.querySelectorAll("[data-toast]:not([data-watched])")) { toast.dataset.watched = "1"; watch(toast); }
};
start(document);
document.addEventListener("htmx:afterSettle", () => start(document));
document.addEventListener("click", (event) => {
  const shut = event.target.closest && event.target.closest("[data-shut]");
  if (shut) shut.closest("[data-toast]").remove();
});
