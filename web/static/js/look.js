/* Theme and size of type without leaving the page: the same cookie the form would set. What was typed stays. */
const kinds = ["light", "dark", "large"];
const root = document.documentElement.classList;
const isDark = () => root.contains("dark") || (!root.contains("light") && matchMedia("(prefers-color-scheme: dark)").matches);

const relabel = () => {
  for (const button of document.querySelectorAll("[data-look] button")) {
    const [value, words] = button.name === "theme"
      ? (isDark() ? ["light", say("浅色")] : ["dark", say("深色")])
      : (root.contains("large") ? ["ordinary", say("标准字")] : ["large", say("大字")]);
    button.value = value;
    button.textContent = words;
  }
};
relabel();

document.addEventListener("submit", (event) => {
  const form = event.target;
  const button = event.submitter;
  if (!form.matches("[data-look]") || !button) return;   // older WebKit has no submitter: the form goes to the server
  event.preventDefault();
  if (button.name === "theme") {
    root.toggle("dark", button.value === "dark");
    root.toggle("light", button.value === "light");
  } else root.toggle("large", button.value === "large");
  const now = kinds.filter((kind) => root.contains(kind));
  document.cookie = `look=${now.join(".")}; path=/; max-age=31536000; samesite=lax${location.protocol === "https:" ? "; secure" : ""}`;
  relabel();
});
