// Copying and printing; without this script the number is plain text and the browser's own menu prints.
const status = document.getElementById("copied");
const SHOWN_FOR = 2500;

for (const button of document.querySelectorAll("[data-copy]")) {
  button.hidden = false;
  button.addEventListener("click", () => copy(button));
}

for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => print());
}

async function copy(button) {
  try {
    await navigator.clipboard.writeText(button.dataset.copy);
    say(button.dataset.copied);
  } catch {
    say(button.dataset.refused);
  }
}

// Emptied after a while, so that the same words are announced again the next time.
function say(text) {
  status.textContent = text;
  clearTimeout(say.timer);
  say.timer = setTimeout(() => (status.textContent = ""), SHOWN_FOR);
}
