// Voila serves no files, so the bytes come over the widget's channel, when they are asked for.
function render({ model, el }) {
  el.classList.add("genlab-download");
  let address = null;

  const ask = () => {
    put(model, "busy", true);
    model.send({ event: "download" });
  };

  const draw = () => {
    const busy = model.get("busy");
    redraw(el, h("button", { type: "button", class: "genlab-plain", "data-key": "ask", disabled: busy, onclick: ask },
      busy ? "Packing \u2026" : model.get("text")));
  };

  const save = () => {
    const content = model.get("content");
    if (!content || !content.byteLength) return;
    if (address) URL.revokeObjectURL(address);
    address = URL.createObjectURL(new Blob([content], { type: model.get("media_type") }));
    const link = h("a", { href: address, download: model.get("filename"), hidden: true });
    el.append(link);
    link.click();
    link.remove();
  };

  model.on("change:content", save);
  return follow(model, el, ["text", "busy"], draw);
}

export default { render };
