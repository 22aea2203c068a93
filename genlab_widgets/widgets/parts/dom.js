// Shared by all parts: this text is put in front of each part's own script.

/** Makes an element. Strings become text nodes, so foreign text can never become markup. */
function h(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === "function") element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** Makes an SVG element. */
function svg(tag, attributes, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes ?? {})) element.setAttribute(name, String(value));
  element.append(...children.flat());
  return element;
}

let counter = 0;

/** Returns an id that is unique in the page. */
function freshId() {
  counter += 1;
  return `genlab-${Math.random().toString(36).slice(2, 10)}-${counter}`;
}

/** Calls `draw` now and whenever one of the traits changes. JupyterLab's shortcuts stay away from our keys. */
function follow(model, el, names, draw) {
  el.setAttribute("data-lm-suppress-shortcuts", "true");
  for (const name of names) model.on(`change:${name}`, draw);
  draw();
  return () => {
    for (const name of names) model.off(`change:${name}`, draw);
  };
}

/** Sets a trait and sends it to Python. */
function put(model, name, value) {
  model.set(name, value);
  model.save_changes();
}

/** Redraws the children of `place` and gives the focus back to the control that had it (by `data-key`). */
function redraw(place, ...children) {
  const key = place.contains(document.activeElement) ? document.activeElement.dataset?.key : undefined;
  place.replaceChildren(...children.flat().filter(Boolean));
  if (key) [...place.querySelectorAll("[data-key]")].find((item) => item.dataset.key === key)?.focus();
}
