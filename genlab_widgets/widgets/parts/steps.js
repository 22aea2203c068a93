function render({ model, el }) {
  el.classList.add("genlab-steps");

  const step = (title, index) => {
    const number = index + 1;
    const current = model.get("current");
    const state = number === current ? "genlab-now" : number <= model.get("reached") ? "genlab-done" : "";
    const problem = model.get("problems").includes(number);
    return h("li", { class: state },
      h("button", { type: "button", "data-key": String(number), "aria-current": number === current ? "step" : false,
        onclick: () => model.send({ event: "step", step: number }) },
        h("span", { class: "genlab-dot", "aria-hidden": "true" }, String(number)), title,
        problem ? h("span", { class: "genlab-flag" }, "needs attention") : null));
  };

  const draw = () => {
    const view = model.get("view");
    const toggle = [["wizard", "Wizard"], ["one_page", "One page"]].map(([value, text]) =>
      h("button", { type: "button", "data-key": value, "aria-pressed": String(view === value),
        onclick: () => model.send({ event: "view", view: value }) }, text));
    redraw(el,
      view === "wizard"
        ? h("nav", { "aria-label": "Steps" }, h("ol", {}, model.get("titles").map(step)))
        : h("span", { class: "genlab-quiet" }, "All settings of the training at once."),
      h("div", { class: "genlab-toggle", role: "group", "aria-label": "View" }, toggle));
  };

  return follow(model, el, ["titles", "current", "reached", "problems", "view"], draw);
}

export default { render };
