/* Runs before the first paint: says that script is at work, so that what only script can do is shown and what stands in for it is not. */
document.documentElement.classList.add("js");
