/** Grids of values as pixels of a canvas, and the bar that explains their colours. */
import { el } from "../shared/dom.ts";
import { rangeOf, viridis } from "../shared/library.ts";
import { shortText } from "../shared/texts.ts";

export interface Range {
  readonly min: number;
  readonly max: number;
}

export type Colors = "viridis" | "gray";

/** A canvas of values, from top left. NaN is transparent. */
export function pictureOf(
  width: number,
  height: number,
  channels: readonly Float64Array[],
  { min, max }: Range,
  colors: Colors,
): HTMLCanvasElement {
  const canvas = el("canvas", { width: Math.max(1, width), height: Math.max(1, height), role: "img" });
  if (width * height === 0) return canvas;
  const context = canvas.getContext("2d") as CanvasRenderingContext2D;
  const picture = context.createImageData(width, height);
  const table =
    colors === "viridis" && channels.length === 1 ? Uint32Array.from({ length: 256 }, (_, i) => viridis(i / 255)) : undefined;
  const scale = max > min ? 255 / (max - min) : 0;
  const { data } = picture;
  const [first, green = first, blue = first, alpha] = channels as [Float64Array, ...Float64Array[]];
  for (let i = 0; i < width * height; i++) {
    const value = first[i] as number;
    if (Number.isNaN(value)) continue;
    const at = 4 * i;
    if (table !== undefined) {
      const color = table[Math.max(0, Math.min(255, Math.round((value - min) * scale)))] as number;
      data[at] = color >> 16;
      data[at + 1] = (color >> 8) & 255;
      data[at + 2] = color & 255;
    } else {
      data[at] = (value - min) * scale;
      data[at + 1] = ((green[i] as number) - min) * scale;
      data[at + 2] = ((blue[i] as number) - min) * scale;
    }
    data[at + 3] = alpha === undefined ? 255 : ((alpha[i] as number) - min) * scale;
  }
  context.putImageData(picture, 0, 0);
  return canvas;
}

export function rangeOfChannels(channels: readonly Float64Array[]): Range {
  return rangeOf(channels) ?? { min: 0, max: 0 };
}

/** The colours from the smallest to the largest value. */
export function colorBar({ min, max }: Range, colors: Colors): HTMLElement {
  const ramp = Float64Array.from({ length: 128 }, (_, i) => i);
  const canvas = pictureOf(128, 1, [ramp], { min: 0, max: 127 }, colors);
  canvas.setAttribute("aria-hidden", "true");
  return el("div", { class: "color-bar" }, shortText(min), canvas, shortText(max));
}

/** Says under the pointer what a pixel is. */
export function explain(canvas: HTMLCanvasElement, words: (x: number, y: number) => string): HTMLElement {
  const text = el("p", { class: "note" }, "\u00a0");
  canvas.addEventListener("pointermove", ({ offsetX, offsetY }) => {
    const x = Math.floor((offsetX / canvas.clientWidth) * canvas.width);
    const y = Math.floor((offsetY / canvas.clientHeight) * canvas.height);
    if (x >= 0 && y >= 0 && x < canvas.width && y < canvas.height) text.textContent = words(x, y);
  });
  canvas.addEventListener("pointerleave", () => {
    text.textContent = "\u00a0";
  });
  return text;
}

/** Makes a canvas as large as its room allows, its pixels whole where they are few; `isFree`: the sides need no common scale. */
export function fitInto(canvas: HTMLCanvasElement, width: number, height: number, isFree: boolean): void {
  const scale = Math.min(width / canvas.width, height / canvas.height);
  const across = isFree ? width : canvas.width * (scale >= 1 ? Math.max(1, Math.min(scale, 24)) : scale);
  const down = isFree ? height : across * (canvas.height / canvas.width);
  canvas.style.width = `${Math.max(1, Math.floor(across))}px`;
  canvas.style.height = `${Math.max(1, Math.floor(down))}px`;
  canvas.style.imageRendering = across > canvas.width || isFree ? "pixelated" : "auto";
}
