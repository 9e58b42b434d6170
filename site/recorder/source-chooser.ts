/** Chooses what is recorded, and has the button that begins and ends it. */
import { button, el, labelled } from "../shared/dom.ts";
import { microphone } from "./microphone.ts";
import type { RecordingName } from "./names.ts";
import { pointer } from "./pointer.ts";
import type { Source, SourceKind } from "./source.ts";
import { synthetic } from "./synthetic.ts";

const KINDS: Readonly<Record<SourceKind, { readonly label: string; readonly about: string }>> = {
  microphone: {
    label: "Microphone",
    about: "Samples from −1 to 1 as float32, without what the browser does to make speech clearer.",
  },
  pointer: {
    label: "Pointer",
    about: "Mouse, finger or pen on the pad below: a row for each event, with time, x, y, pressure and buttons.",
  },
  synthetic: { label: "Test signal", about: "The number of the row, a sine and a triangle, at any rate: for trying things out." },
};

/** The most rows a second of the test signal. */
const MOST = 1_000_000;

export class SourceChooser {
  readonly element: HTMLElement;
  readonly #choices: readonly HTMLInputElement[];
  readonly #about = el("p", { class: "note", id: "about-source" });
  readonly #rate = el("input", { type: "number", name: "rate", min: 1, max: MOST, step: 1, value: 1000 });
  readonly #rateField = labelled("Rows a second", this.#rate);
  readonly #pad = el("div", { class: "pad", role: "img", "aria-label": "Pad: moves of the pointer over it are recorded" });
  readonly #record: HTMLButtonElement;
  #isRecording = false;

  /** `toggle` is called to begin and to end. */
  constructor(toggle: () => void) {
    this.#record = button("Record", toggle, { id: "record", class: "is-main" });
    this.#choices = Object.entries(KINDS).map(([value, { label }], i) =>
      el("input", { type: "radio", name: "source", value, checked: i === 0, "aria-label": label, onchange: () => this.#show() }),
    );
    this.element = el(
      "section",
      { class: "card", "aria-labelledby": "source-title" },
      el("h2", { id: "source-title" }, "Source"),
      el(
        "div",
        { class: "choices", role: "radiogroup", "aria-labelledby": "source-title", "aria-describedby": "about-source" },
        ...this.#choices.map((input) => el("label", {}, input, KINDS[input.value as SourceKind].label)),
      ),
      this.#about,
      this.#rateField,
      this.#record,
      this.#pad,
    );
    this.#show();
  }

  get #kind(): SourceKind {
    return (this.#choices.find(({ checked }) => checked) as HTMLInputElement).value as SourceKind;
  }

  /**
   * Opens the source that is chosen, or that of a recording. It may ask the user for permission.
   *
   * @throws Error at once if the rate is none.
   */
  open(continued: RecordingName | undefined): Promise<Source> | Source {
    if (continued !== undefined) this.#choose(continued);
    const { rate } = continued ?? {};
    if (this.#kind === "microphone") return microphone(rate);
    if (this.#kind === "pointer") return pointer(this.#pad);
    if (!this.#rate.checkValidity()) {
      this.#rate.focus();
      throw new Error(`Expected 1 to ${MOST.toLocaleString("en-US")} rows a second: found ${this.#rate.value || "nothing"}.`);
    }
    return synthetic(rate ?? this.#rate.valueAsNumber);
  }

  #choose({ kind, rate }: RecordingName): void {
    for (const input of this.#choices) input.checked = input.value === kind;
    if (kind === "synthetic" && rate !== undefined) this.#rate.value = String(rate);
    this.#show();
  }

  #show(): void {
    const kind = this.#kind;
    this.#about.textContent = KINDS[kind].about;
    this.#rateField.hidden = kind !== "synthetic";
    this.#pad.hidden = kind !== "pointer";
    this.#pad.textContent = this.#isRecording ? "Move, press or draw here." : "Press Record, then move, press or draw here.";
  }

  /** While it begins or ends, nothing can be changed. */
  setState(state: "ready" | "busy" | "recording" | "unusable"): void {
    this.#isRecording = state === "recording";
    this.#record.textContent = this.#isRecording ? "Stop" : "Record";
    this.#record.classList.toggle("is-recording", this.#isRecording);
    // A button that is disabled would lose the focus.
    this.#record.setAttribute("aria-disabled", String(state === "busy" || state === "unusable"));
    for (const input of [...this.#choices, this.#rate]) input.disabled = state !== "ready";
    this.#show();
  }
}
