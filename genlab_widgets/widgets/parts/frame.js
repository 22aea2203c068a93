// A foreign document (an executed notebook) without scripts, forms, links to this page or access to it.
function render({ model, el }) {
  return follow(model, el, ["document", "label"], () => {
    if (!model.get("document")) return el.replaceChildren();
    const frame = h("iframe", { class: "genlab-frame", sandbox: "", title: model.get("label"), referrerpolicy: "no-referrer" });
    frame.srcdoc = model.get("document");
    el.replaceChildren(frame);
  });
}

export default { render };
