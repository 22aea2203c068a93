const WORDS = { error: "Error", warning: "Note" };

function render({ model, el }) {
  el.classList.add("genlab-lint");
  const headline = h("p", { role: "status", class: "genlab-linthead" });
  const list = h("ul", { "aria-label": "Errors and notes" });
  el.append(headline, list);

  const item = (finding, index) => h("li", { class: `genlab-${finding.severity}` },
    h("span", { class: "genlab-word" }, WORDS[finding.severity]),
    h("button", { type: "button", class: "genlab-link", "data-key": `finding-${index}`,
      "aria-label": `Line ${finding.line}: go there`,
      onclick: () => model.send({ event: "go", line: finding.line, column: finding.column }) }, `Line ${finding.line}`),
    h("span", {}, finding.message));

  const draw = () => {
    headline.textContent = model.get("headline");
    headline.className = `genlab-linthead genlab-${model.get("tone")}`;
    redraw(list, model.get("items").map(item));
    list.hidden = !model.get("items").length;
  };
  return follow(model, el, ["items", "headline", "tone"], draw);
}

export default { render };
