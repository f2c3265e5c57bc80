/* Live search in Chinese: `kite:find` fires on a [data-live] field when its text has settled. While pinyin letters are being
   composed nothing is asked; a naive search would send one request a letter. The field's form works without any of this. */
const WAIT = 200;
const timers = new WeakMap();
const asked = new WeakMap();

const settle = (field) => {
  clearTimeout(timers.get(field));
  timers.set(field, setTimeout(() => {
    const text = field.value.trim();
    if (asked.get(field) === text) return;
    asked.set(field, text);
    const target = document.querySelector(field.getAttribute("hx-target") || "_");
    if (!text) { if (target) target.textContent = ""; return; }
    field.dispatchEvent(new CustomEvent("kite:find", { bubbles: true }));
  }, WAIT));
};

document.addEventListener("input", (event) => {
  if (event.target.matches("[data-live]") && !event.isComposing) settle(event.target);
});
document.addEventListener("compositionend", (event) => {
  if (event.target.matches("[data-live]")) settle(event.target);
});

/* The answers under the box: ↓ goes in, ↑ at the first goes back, Esc closes. */
document.addEventListener("keydown", (event) => {
  const form = event.target.closest && event.target.closest(".find");
  if (!form || event.isComposing) return;
  const field = form.querySelector("[data-live]");
  const panel = form.querySelector(".found");
  if (!field || !panel) return;
  const links = Array.from(panel.querySelectorAll("a[href]"));
  const at = links.indexOf(document.activeElement);
  if (event.key === "Escape") { panel.textContent = ""; asked.delete(field); if (at >= 0) field.focus(); }
  else if (event.key === "ArrowDown" && links.length) links[Math.min(at + 1, links.length - 1)].focus();
  else if (event.key === "ArrowUp" && at >= 0) (at === 0 ? field : links[at - 1]).focus();
  else return;
  event.preventDefault();
});
document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.acct[open], details.more[open]")) if (!menu.contains(event.target)) menu.open = false;
  if (!event.target.closest(".find")) for (const panel of document.querySelectorAll(".found")) panel.textContent = "";
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const menu = event.target.closest && event.target.closest("details.acct[open], details.more[open]");
  if (menu) { menu.open = false; menu.querySelector("summary").focus(); }
});
