/* Ticking rows of a <form data-rows>: one, a run with Shift, the page; then, as a second step, all that match.
   Without script the ticks are plain checkboxes and the bar of acts is always there. */
for (const form of document.querySelectorAll("form[data-rows]")) {
  const bar = form.querySelector("[data-bulk]");
  const all = form.querySelector("[data-pick-all]");
  const matching = form.querySelector("[data-pick-matching]");
  const picks = () => Array.from(form.querySelectorAll("[data-pick]"));
  let last = null;

  const show = () => {
    const boxes = picks();
    const n = boxes.filter((box) => box.checked).length;
    for (const box of boxes) {
      const row = box.closest("tr");
      if (row) row.setAttribute("aria-selected", String(box.checked));
    }
    if (all) { all.checked = n > 0 && n === boxes.length; all.indeterminate = n > 0 && n < boxes.length; }
    if (!bar) return;
    if (matching && n < boxes.length) matching.checked = false;
    bar.classList.toggle("has", n > 0);
    const label = matching && matching.closest("label");
    if (label) label.hidden = n < boxes.length;   // the page first, then all that match
    const words = bar.querySelector("[data-picked]");
    if (words) words.textContent = matching && matching.checked ? say("已选全部") : n === boxes.length ? say("已选本页 {n} 条", { n }) : say("已选 {n} 条", { n });
  };

  form.addEventListener("click", (event) => {
    const box = event.target.closest("[data-pick]");
    if (!box) return;
    const boxes = picks();
    if (event.shiftKey && last) {
      const [a, b] = [boxes.indexOf(last), boxes.indexOf(box)].sort((x, y) => x - y);
      for (let i = Math.max(a, 0); i <= b; i += 1) boxes[i].checked = box.checked;
    }
    last = box;
  });
  form.addEventListener("change", (event) => {
    if (event.target === all) for (const box of picks()) box.checked = all.checked;
    show();
  });
  const none = () => { for (const box of picks()) box.checked = false; show(); };
  const cancel = form.querySelector("[data-pick-none]");
  if (cancel) cancel.addEventListener("click", none);

  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.isComposing || document.querySelector("dialog[open]")) return;
    if (/^(TEXTAREA|SELECT|BUTTON|SUMMARY)$/.test(event.target.tagName) || (event.target.tagName === "INPUT" && !event.target.matches("[data-pick]"))) return;
    if (event.key === "Escape" && picks().some((box) => box.checked)) none();
    const box = form.querySelector("tr.cursor [data-pick]");
    if (event.key === " " && box && event.target !== box) {
      event.preventDefault();
      box.dispatchEvent(new MouseEvent("click", { bubbles: true, cancelable: true, shiftKey: event.shiftKey }));
    }
  });
  show();
}

/* Rows to write, of a <tbody data-write>: those whose first field is filled and one empty one; whoever fills it has the next.
   Without script all stand there. */
for (const body of document.querySelectorAll("[data-write]")) {
  const show = () => {
    let isFirst = true;
    for (const row of body.rows) {
      const isEmpty = !row.querySelector("input").value;
      row.hidden = isEmpty && !isFirst && !row.contains(document.activeElement);
      if (isEmpty) isFirst = false;
    }
  };
  body.addEventListener("input", show);
  show();
}
