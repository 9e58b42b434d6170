/** Light and dark: as the system says, unless the switch says otherwise. */
import { el } from "./dom.ts";

const KEY = "theme";
const CHOICES = ["system", "light", "dark"] as const;
type Choice = (typeof CHOICES)[number];

/** What draws in colours of its own has this class, and gets an event with each change of the theme. So nothing holds what has left the page. */
const THEMED = "themed";

/** Calls back with each change of the theme, also that of the system, while the element is in the page. */
export function onTheme(element: HTMLElement, listener: () => void): void {
  element.classList.add(THEMED);
  element.addEventListener("theme", listener);
}

function tell(): void {
  for (const element of document.getElementsByClassName(THEMED)) element.dispatchEvent(new Event("theme"));
}

export function isDark(): boolean {
  const { theme } = document.documentElement.dataset;
  return theme === undefined ? matchMedia("(prefers-color-scheme: dark)").matches : theme === "dark";
}

/** The value of a variable of theme.css. */
export function themeColor(name: string): string {
  const probe = el("i");
  probe.style.color = `var(${name})`;
  document.body.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}

function apply(choice: Choice): void {
  if (choice === "system") delete document.documentElement.dataset["theme"];
  else document.documentElement.dataset["theme"] = choice;
  tell();
}

/** The switch. What it says is kept for the next visit, where the browser allows that. */
export function themeSwitch(): HTMLElement {
  let kept: string | null = null;
  try {
    kept = localStorage.getItem(KEY);
  } catch {
    // Without storage, the system decides at each visit.
  }
  const choice = CHOICES.find((one) => one === kept) ?? "system";
  const made = el("select", { class: "theme", "aria-label": "Theme" });
  made.append(...CHOICES.map((one) => el("option", { value: one }, one[0]?.toUpperCase() + one.slice(1))));
  made.value = choice;
  made.addEventListener("change", () => {
    apply(made.value as Choice);
    try {
      localStorage.setItem(KEY, made.value);
    } catch {
      // It holds for this visit.
    }
  });
  apply(choice);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", tell);
  return made;
}
