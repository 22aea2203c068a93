// Sends files in pieces: one message of the kernel's channel may hold 10 MB, and a larger one would cut the page off.
const PIECE = 1 << 20;

function render({ model, el }) {
  el.classList.add("genlab-upload");
  const id = freshId();
  const input = h("input", { type: "file", id, accept: model.get("accept"), multiple: model.get("several"), "aria-describedby": `${id}-hint` });
  const hint = h("div", { id: `${id}-hint` });
  const zone = h("div", { class: "genlab-drop" }, h("label", { for: id, class: "genlab-label" }, model.get("label")), input, hint);
  el.append(zone);
  let files = [];
  let place = 0;
  let sent = 0;

  const say = (text, wrong) => {
    hint.textContent = text || model.get("hint");
    hint.className = wrong ? "genlab-error" : "genlab-hint";
    if (wrong) hint.setAttribute("role", "alert");
    else hint.removeAttribute("role");
    input.disabled = model.get("disabled") || files.length > 0;
  };

  const end = (text, wrong) => {
    files = [];
    input.value = "";
    say(text, wrong);
  };

  const piece = async () => {
    const file = files[place];
    if (!file) return;
    const first = sent === 0;
    let buffer;
    try {
      buffer = await file.slice(sent, sent + PIECE).arrayBuffer();
    } catch (error) {
      end(`${file.name} cannot be read. Choose it again.`, true);
      return;
    }
    sent += buffer.byteLength;
    const last = sent >= file.size;
    say(`Uploading ${file.name}: ${Math.round((100 * sent) / Math.max(1, file.size))} %`);
    model.send({ event: "piece", name: file.name, first, last, file: place, files: files.length }, undefined, [buffer]);
    if (last) {
      place += 1;
      sent = 0;
    }
  };

  const take = (chosen) => {
    if (!chosen.length || files.length || model.get("disabled")) return;
    const taken = model.get("several") ? [...chosen] : [chosen[0]];
    const limit = model.get("limit");
    const size = taken.reduce((sum, file) => sum + file.size, 0);
    if (size > limit) {
      const names = taken.map((file) => file.name).join(", ");
      end(`${names}: ${Math.ceil(size / 2 ** 20)} MB; up to ${Math.floor(limit / 2 ** 20)} MB can be uploaded here. Give its path below instead.`, true);
      return;
    }
    files = taken;
    place = 0;
    sent = 0;
    piece();
  };

  const answered = (message) => {
    if (message.event === "next") piece();
    else if (message.event === "done") end("");
    else if (message.event === "failed") end(message.message, true);
  };

  input.addEventListener("change", () => take(input.files));
  zone.addEventListener("dragover", (event) => { event.preventDefault(); zone.classList.add("genlab-over"); });
  zone.addEventListener("dragleave", () => zone.classList.remove("genlab-over"));
  zone.addEventListener("drop", (event) => {
    event.preventDefault();
    zone.classList.remove("genlab-over");
    take(event.dataTransfer.files);
  });
  model.on("msg:custom", answered);
  const stop = follow(model, el, ["disabled", "hint"], () => { if (!files.length) say(""); });
  return () => {
    model.off("msg:custom", answered);
    stop();
  };
}

export default { render };
