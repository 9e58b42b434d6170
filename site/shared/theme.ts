/** Light and dark: as the system says, unless the switch says otherwise. */
import { el } from "./dom.ts";

const KEY = "theme";
const CHOICES = ["system", "light", "dark"] as const;
type Choice = (typeof CHOICES)[number];

/** Called with each change of the theme, also that of the system. */
const listeners = new Set<() => void>();

export function onTheme(listener: () => void): void {
  listeners.add(listener);
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
  for (const listener of listeners) listener();
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
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    for (const listener of listeners) listener();
  });
  return made;
}
