/* Keys, printed where they work. An element with data-key="x" is pressed by x: a field takes the focus, all else is clicked.
   Rows of lists answer J K and the arrows; see rows.js for ticking them. Nothing happens while someone types or composes. */
const typing = (el) => el.isContentEditable || /^(TEXTAREA|SELECT)$/.test(el.tagName) ||
  (el.tagName === "INPUT" && !/^(checkbox|radio|button|submit)$/.test(el.type));
const scope = () => document.querySelector("dialog[open]") || document;
const seen = (el) => el.getClientRects().length > 0;

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
  if (typing(event.target)) {
    if (event.key === "Escape") event.target.blur();
    return;
  }
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const found = Array.from(scope().querySelectorAll("[data-key]")).find((el) => el.dataset.key === key && seen(el));
  if (found) {
    event.preventDefault();
    if (typing(found)) { found.focus(); found.select(); } else found.click();
    return;
  }
  const step = { j: 1, ArrowDown: 1, k: -1, ArrowUp: -1 }[key];
  if (step && move(step)) event.preventDefault();
  if (key === "Enter" && !event.target.closest("a, button, summary, input")) {
    const link = document.querySelector(".cursor a[href]");
    if (link) { event.preventDefault(); link.click(); }
  }
});

/* The cursor goes over rows of a list table (those that can be opened or ticked) and over the items of queues. */
function move(step) {
  const rows = Array.from(scope().querySelectorAll("[data-row], form[data-rows] tbody tr, table[data-rows] tbody tr")).filter(seen);
  if (!rows.length) return false;
  const at = rows.findIndex((row) => row.classList.contains("cursor"));
  const next = rows[at < 0 ? (step > 0 ? 0 : rows.length - 1) : Math.min(Math.max(at + step, 0), rows.length - 1)];
  if (at >= 0) rows[at].classList.remove("cursor");
  next.classList.add("cursor");
  const link = next.querySelector("a[href]");
  if (link) link.focus({ preventScroll: true });
  next.scrollIntoView({ block: "nearest" });
  return true;
}
