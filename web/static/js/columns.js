/* In the form of columns, ↑ and ↓ move a row and number the rows anew; without script the numbers are typed. */
document.addEventListener("click", (event) => {
  const button = event.target.closest && event.target.closest("form[data-columns] [data-move]");
  if (!button) return;
  const row = button.closest("tr");
  const other = button.dataset.move === "-1" ? row.previousElementSibling : row.nextElementSibling;
  if (!other || !other.querySelector("[type=number]")) return;
  if (button.dataset.move === "-1") other.before(row); else other.after(row);
  Array.from(row.parentNode.querySelectorAll("[type=number]")).forEach((field, n) => { field.value = n + 1; });
  button.focus();
});
