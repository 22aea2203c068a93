// Sends a file in pieces: one message of the kernel's channel may hold 10 MB, and a larger one would cut the page off.
const PIECE = 1 << 20;

function render({ model, el }) {
  el.classList.add("genlab-upload");
  const id = freshId();
  const input = h("input", { type: "file", id, accept: model.get("accept"), "aria-describedby": `${id}-hint` });
  const hint = h("div", { id: `${id}-hint` });
  const zone = h("div", { class: "genlab-drop" }, h("label", { for: id, class: "genlab-label" }, model.get("label")), input, hint);
  el.append(zone);
  let file = null;
  let sent = 0;

  const say = (text, wrong) => {
    hint.textContent = text || model.get("hint");
    hint.className = wrong ? "genlab-error" : "genlab-hint";
  };

  const piece = async () => {
    if (!file) return;
    const buffer = await file.slice(sent, sent + PIECE).arrayBuffer();
    sent += buffer.byteLength;
    say(`Uploading ${file.name}: ${Math.round((100 * sent) / Math.max(1, file.size))} %`);
    model.send({ event: "piece", name: file.name, last: sent >= file.size, first: sent === buffer.byteLength }, undefined, [buffer]);
    if (sent >= file.size) {
      file = null;
      input.value = "";
    }
  };

  const take = (chosen) => {
    if (!chosen || model.get("disabled")) return;
    const limit = model.get("limit");
    if (chosen.size > limit) {
      say(`${chosen.name} has ${Math.ceil(chosen.size / 2 ** 20)} MB; up to ${Math.floor(limit / 2 ** 20)} MB can be uploaded here. Give its path below instead.`, true);
      input.value = "";
      return;
    }
    file = chosen;
    sent = 0;
    piece();
  };

  input.addEventListener("change", () => take(input.files[0]));
  zone.addEventListener("dragover", (event) => { event.preventDefault(); zone.classList.add("genlab-over"); });
  zone.addEventListener("dragleave", () => zone.classList.remove("genlab-over"));
  zone.addEventListener("drop", (event) => {
    event.preventDefault();
    zone.classList.remove("genlab-over");
    take(event.dataTransfer.files[0]);
  });
  model.on("msg:custom", (message) => { if (message.event === "next") piece(); });
  return follow(model, el, ["disabled", "hint"], () => { input.disabled = model.get("disabled"); say(""); });
}

export default { render };
