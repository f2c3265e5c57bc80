/* The table to paste elsewhere: one press puts it on the clipboard. Old browsers and plain HTTP know only the selection. */
document.addEventListener("click", (event) => {
  const button = event.target.closest && event.target.closest("[data-copy-now]");
  if (!button) return;
  const field = (button.closest("dialog") || document).querySelector("[data-copy]");
  const done = (ok) => { button.textContent = ok ? say("已复制") : say("请按 Ctrl + C 复制"); };
  field.focus();
  field.select();
  if (navigator.clipboard && window.isSecureContext) navigator.clipboard.writeText(field.value).then(() => done(true), () => done(document.execCommand("copy")));
  else done(document.execCommand("copy"));
});
