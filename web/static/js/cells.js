/* A cell with a link data-cell is edited in the table: Enter or a press opens it, Enter saves, Tab saves and goes on to the next,
   Esc leaves it. The link leads to a page of the one field, whose form is taken; without script the page itself serves. */
let open = null;

const token = () => (JSON.parse(document.body.getAttribute("hx-headers") || "{}"))["X-CSRFToken"] || "";

async function edit(link) {
  if (open) await leave();
  const answer = await fetch(link.href, { credentials: "same-origin" });
  if (!answer.ok) throw new Error("no such field");
  const form = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("form[data-cell-form]");
  const found = form && form.querySelector("#f-value");
  if (!found) throw new Error("no field");
  const field = document.importNode(found, true);
  field.removeAttribute("id");
  field.setAttribute("aria-label", link.dataset.cell);
  const cell = link.closest("td");
  open = { link, cell, field, action: form.getAttribute("action"), version: form.querySelector("[name=version]").value, was: field.value };
  link.hidden = true;
  cell.classList.add("edit");
  cell.append(field);
  field.focus();
  if (field.select) field.select();
  field.addEventListener("keydown", pressed);
  field.addEventListener("blur", () => setTimeout(() => { if (open && open.field === field && !document.querySelector("dialog[open]")) save(); }, 0));
}

function leave() {
  if (!open) return;
  const { link, cell, field } = open;
  open = null;
  field.remove();
  cell.classList.remove("edit");
  link.hidden = false;
  return link;
}

function pressed(event) {
  if (event.isComposing) return;
  if (event.key === "Escape") { event.preventDefault(); event.stopPropagation(); const link = leave(); if (link) link.focus(); }
  else if (event.key === "Enter") { event.preventDefault(); save().then((link) => link && link.focus()); }
  else if (event.key === "Tab") {
    event.preventDefault();
    const all = Array.from(document.querySelectorAll("[data-cell]"));
    const next = all[all.indexOf(open.link) + (event.shiftKey ? -1 : 1)];
    save().then((link) => { if (!link) return; if (next) edit(next).catch(() => next.focus()); else link.focus(); });
  }
}

async function save() {
  if (!open || open.busy) return null;
  if (open.field.value === open.was) return leave();
  open.busy = true;
  const body = new URLSearchParams({ value: open.field.value, version: open.version, next: "", csrf_token: token() });
  let answer;
  try { answer = await fetch(open.action, { method: "POST", body, credentials: "same-origin", headers: { "X-Cell": "1" } }); }
  catch (error) { return wrong(say("没有连上服务器，没有保存。按 Esc 离开，或再试")); }
  open.busy = false;
  const said = await answer.json().catch(() => ({ error: say("没有保存，请刷新页面再试") }));
  if (answer.status === 412) return clash(said);
  if (!answer.ok) return wrong(said.error || said.detail || say("没有保存"));
  write(said.words);
  const toasts = document.getElementById("toasts");
  toasts.textContent = "";
  toasts.append(...new DOMParser().parseFromString(said.toast, "text/html").body.childNodes);
  document.dispatchEvent(new CustomEvent("htmx:afterSettle"));
  return leave();
}

function write(words) {
  open.link.textContent = words || open.link.dataset.missing;
  open.link.classList.toggle("none", !words);
}

function wrong(words) {
  open.busy = false;
  open.field.setCustomValidity(words);
  open.field.reportValidity();
  open.field.addEventListener("input", (event) => event.target.setCustomValidity(""), { once: true });
  return null;
}

/* Two changed it: both values, and two buttons. */
function clash(said) {
  const box = document.createElement("dialog");
  if (!box.showModal) { location.href = open.link.href; return null; }
  const here = open;
  box.className = "dlg";
  box.setAttribute("aria-label", say("两处改了同一格"));
  const text = document.createElement("p");
  text.textContent = say("{label}：您填“{ours}”，{who} {when} 填“{theirs}”。", said);
  const acts = document.createElement("div");
  acts.className = "acts";
  const button = (words, then) => { const b = document.createElement("button"); b.type = "button"; b.className = "btn"; b.textContent = words; b.addEventListener("click", () => { box.close(); box.remove(); then(); }); acts.append(b); };
  button(say("用我的"), () => { here.version = said.version; save().then((link) => link && link.focus()); });
  button(say("用对方的"), () => { write(said.value); const link = leave(); if (link) link.focus(); });
  const body = document.createElement("div");
  body.className = "main";
  body.append(text, acts);
  box.append(body);
  box.addEventListener("cancel", (event) => event.preventDefault());
  document.body.append(box);
  box.showModal();
  return null;
}

document.addEventListener("click", (event) => {
  const link = event.target.closest && event.target.closest("a[data-cell]");
  if (!link || event.defaultPrevented || event.button || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  edit(link).catch(() => { location.href = link.href; });
});
