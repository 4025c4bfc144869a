// Uploads files for the composer at once, shows progress, and leaves a hidden field with each file's id. Returned is what takes further
// files.
import { csrfToken } from "./http.js";

export function uploads(form) {
  const url = form.dataset.uploadUrl, input = form.querySelector("input[type=file]");
  if (!url) return () => {};
  input?.removeAttribute("name"); // files go ahead of the form, one by one; without scripts they go with it
  const limit = Number(form.dataset.uploadBytes) || Infinity;
  const take = (files, taken) => { for (const file of files) send(form, url, file, limit, taken); };
  const takeChosen = () => { take(input.files); input.value = ""; };
  input?.addEventListener("change", takeChosen);
  if (input?.files.length) takeChosen(); // chosen before this script had arrived
  form.addEventListener("paste", (event) => {
    if (event.clipboardData?.files.length) { event.preventDefault(); take(event.clipboardData.files); }
  });
  form.addEventListener("dragover", (event) => { event.preventDefault(); form.classList.add("is-dropping"); });
  form.addEventListener("dragleave", (event) => { if (!form.contains(event.relatedTarget)) form.classList.remove("is-dropping"); });
  form.addEventListener("drop", (event) => {
    event.preventDefault();
    form.classList.remove("is-dropping");
    take(event.dataTransfer.files);
  });
  form.addEventListener("click", (event) => {
    const button = event.target.closest("[data-remove-upload]");
    if (button) { button.closest(".upload").remove(); changed(form); }
  });
  return take;
}

// `taken(id, name)` is told once the server has the file.
function send(form, url, file, limit, taken) {
  const chip = document.createElement("span");
  chip.className = "upload";
  const name = chip.appendChild(document.createElement("span"));
  name.textContent = file.name;
  form.querySelector("[data-uploads]").append(chip);
  if (file.size > limit) { fail(chip, form.dataset.tooLarge || ""); return; }
  const progress = chip.appendChild(document.createElement("progress"));
  progress.max = 1;
  progress.setAttribute("aria-label", file.name);
  const request = new XMLHttpRequest();
  request.open("POST", url);
  request.setRequestHeader("X-CSRFToken", csrfToken());
  request.responseType = "json";
  request.upload.onprogress = (event) => { progress.value = event.loaded / event.total; };
  request.onerror = () => fail(chip, form.dataset.uploadFailed || "");
  request.onload = () => {
    progress.remove();
    if (request.status !== 201) { fail(chip, request.response?.error || form.dataset.uploadFailed || ""); return; }
    const field = chip.appendChild(document.createElement("input"));
    Object.assign(field, { type: "hidden", name: "attachment_id", value: request.response.id });
    chip.append(removal(form, file.name));
    taken?.(request.response.id, file.name);
    changed(form);
  };
  const body = new FormData();
  body.set("file", file);
  request.send(body);
}

function fail(chip, why) {
  chip.querySelector("progress")?.remove();
  chip.classList.add("upload--failed");
  chip.append(` ${why} `, removal(chip.closest("form"), chip.firstChild.textContent));
}

function removal(form, name) {
  const button = document.createElement("button");
  button.type = "button";
  button.dataset.removeUpload = "";
  button.setAttribute("aria-label", form.dataset.removeLabel.replace("{name}", name));
  button.textContent = "×";
  return button;
}

function changed(form) {
  form.dispatchEvent(new CustomEvent("uploads:changed"));
}
