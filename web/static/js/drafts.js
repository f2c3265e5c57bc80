/* A <form data-draft="address"> keeps what was typed on the server, three seconds after the last key: a closed window loses nothing. */
const waiting = new WeakMap();

async function keep(form) {
  const said = form.querySelector("[data-draft-said]");
  const body = new URLSearchParams();
  for (const [name, value] of new FormData(form)) if (typeof value === "string") body.append(name, value);
  try {
    const answer = await fetch(form.dataset.draft, { method: "POST", body, credentials: "same-origin", headers: { "X-Draft": "1" } });
    const told = answer.ok && !answer.redirected ? await answer.json() : null;
    if (said) said.textContent = told ? say("草稿已存 {at}", { at: told.at }) : "";
  } catch (error) { if (said) said.textContent = say("没有连上，草稿没有存"); }
}

document.addEventListener("input", (event) => {
  const form = event.target.form;
  if (!form || !form.matches("[data-draft]")) return;
  clearTimeout(waiting.get(form));
  waiting.set(form, setTimeout(() => keep(form), 3000));
});
document.addEventListener("submit", (event) => clearTimeout(waiting.get(event.target)));
