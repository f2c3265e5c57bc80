/* Typing is never lost: a <form data-guard> that was changed asks before the page is left.
   And after a refused form the summary of what is wrong takes the focus. */
const dirty = new Set();
const changed = (event) => {
  const form = event.target.form || event.target.closest("form");
  if (form && form.matches("[data-guard]")) dirty.add(form);
};
document.addEventListener("input", changed);
document.addEventListener("change", changed);
document.addEventListener("submit", (event) => dirty.delete(event.target));
document.addEventListener("reset", (event) => dirty.delete(event.target));
window.addEventListener("beforeunload", (event) => {
  for (const form of dirty) if (!form.isConnected) dirty.delete(form);
  if (!dirty.size) return;
  event.preventDefault();
  event.returnValue = "";   // what Chromium before 119 looks at
});

const attend = (root) => {
  const summary = root.querySelector("[data-focus]");
  if (summary) summary.focus();
};
attend(document);
document.addEventListener("htmx:afterSwap", (event) => attend(event.target));

/* One press, one submission: a form cannot be sent twice while the first answer is on its way. */
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || (form.getAttribute("method") || "").toLowerCase() !== "post") return;
  if (form.dataset.sent) { event.preventDefault(); return; }
  form.dataset.sent = "1";
  setTimeout(() => delete form.dataset.sent, 8000);   // a download leaves the page standing
});
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
});
