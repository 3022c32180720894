// Asks while a name is being typed whether it is free, and ticks "a name of my own" for whoever types one.

const PAUSE = 400;
const area = document.querySelector(".own");
const input = area.querySelector("input");
const words = area.querySelector(".check");
const choices = [...input.form.querySelectorAll("input[type=radio]")];
const own = choices.find((choice) => choice.value === "own");
let timer = 0;
let asked = 0;

async function check() {
  const mine = ++asked;
  const name = input.value.trim();
  if (!name) return say("", "");
  try {
    const body = new URLSearchParams({ name, csrf_token: input.form.elements.csrf_token.value });
    const answer = await fetch(area.dataset.check, { method: "POST", body, redirect: "error" });
    if (!answer.ok || mine !== asked) return undefined;
    const { free, text } = await answer.json();
    return say(text, free ? "good" : "bad");
  } catch {
    // Without an answer nothing is said; the name is checked when the form is sent.
    return say("", "");
  }
}

function say(text, kind) {
  words.textContent = text ? `${kind === "good" ? "✓" : "✗"} ${text}` : "";
  words.className = `check ${kind}`;
}

input.addEventListener("input", () => {
  own.checked = true;
  clearTimeout(timer);
  timer = setTimeout(check, PAUSE);
});

for (const choice of choices) {
  choice.addEventListener("change", () => {
    if (choice === own) return input.focus();
    clearTimeout(timer);
    asked += 1;
    input.value = "";
    return say("", "");
  });
}
