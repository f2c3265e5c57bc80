/* Runs before the first paint: says that script is at work, so that what only script can do is shown and what stands in for it is not. */
document.documentElement.classList.add("js");

/* say("已选 {n} 条", { n }): the words of scripts, in the language of the page. Chinese is the key; <html data-words> holds the others. */
{
  const known = JSON.parse(document.documentElement.dataset.words || "{}");
  window.say = (text, values = {}) => (known[text] || text).replace(/\{(\w+)\}/g, (place, name) => (name in values ? values[name] : place));
}
