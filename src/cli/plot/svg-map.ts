/** Heat maps and pictures as SVG: the pixels are an embedded PNG. */
import { viridis } from "./colors.ts";
import type { Image, ImagePlot, MapPlot } from "./plot.ts";
import { encodePng, type Pixels } from "./png.ts";
import { type Box, labelWidth, round, svgText, TOP, textAt, WIDTH, xAxis, xAxisHeight } from "./svg.ts";
import { yTexts } from "./text-axes.ts";
import { roundStep } from "./text-map.ts";

/** The most cells of a heat map. */
export const MAP_SIZE = { width: 800, height: 400 } as const;

const HEIGHT = 340;

/** The most pixels of the longer side of a picture. */
export const IMAGE_SIZE = 1024;

/** Colours of a palette, besides the transparent one. */
const COLORS = 255;

export function mapSvg(plot: MapPlot): string {
  const { grid, scale, labels } = plot;
  const bytes = Uint8Array.from(grid.values, (value) =>
    Number.isNaN(value) ? 0 : 1 + Math.min(COLORS - 1, Math.max(0, Math.floor(scale.place(value) * COLORS))),
  );
  const ticks = yTexts(scale, 6);
  const names = labels.map((label) => [...label].slice(0, 16).join(""));
  const left = 24 + labelWidth(names);
  const right = WIDTH - 60 - labelWidth(ticks.map(({ text }) => text));
  const box = { left, top: TOP, right, bottom: TOP + HEIGHT };
  const bar = { left: right + 16, top: TOP, right: right + 32, bottom: TOP + HEIGHT };
  const gradient = {
    width: 1,
    height: COLORS,
    type: "palette",
    bytes: Uint8Array.from({ length: COLORS }, (_, i) => COLORS - i),
  } as const;
  const every = labels.length <= 24 ? 1 : roundStep(labels.length / 12);
  const height = box.bottom + xAxisHeight(plot.x, right - left) + 8;
  return svgText(plot, height, [
    picture({ width: grid.width, height: grid.height, type: "palette", bytes, palette: paletteOf() }, box),
    ...names.flatMap((name, i) => {
      const y = TOP + ((i + 0.5) / labels.length) * HEIGHT;
      return i % every === 0 ? [textAt(name, left - 8, y + 4, { anchor: "end" })] : [];
    }),
    ...xAxis(plot.x, box),
    picture({ ...gradient, palette: paletteOf() }, bar),
    ...ticks.map(({ value, text }) => textAt(text, bar.right + 6, bar.bottom - scale.place(value) * HEIGHT + 4)),
  ]);
}

/** Red, green and blue of each colour. The first is transparent. */
function paletteOf(): Uint8Array {
  const palette = new Uint8Array(3 * (COLORS + 1));
  for (let i = 0; i < COLORS; i++) {
    const color = viridis(i / (COLORS - 1));
    palette.set([color >> 16, (color >> 8) & 255, color & 255], 3 * (i + 1));
  }
  return palette;
}

function picture(pixels: Pixels, { left, top, right, bottom }: Box): string {
  const place = `x="${round(left)}" y="${round(top)}" width="${round(right - left)}" height="${round(bottom - top)}"`;
  const isSmall = pixels.width < right - left || pixels.height < bottom - top;
  const style = isSmall ? ' style="image-rendering:pixelated"' : "";
  return `<image ${place} preserveAspectRatio="none"${style} href="data:image/png;base64,${encodePng(pixels).toString("base64")}"/>`;
}

export function imageSvg(plot: ImagePlot): string {
  const { image } = plot;
  const factor = Math.min((WIDTH - 32) / image.width, 600 / image.height);
  const box = { left: 16, top: TOP, right: 16 + image.width * factor, bottom: TOP + image.height * factor };
  return svgText(plot, box.bottom + 10, [picture(pixelsOf(image), box)]);
}

/** Only the channels that are needed. */
function pixelsOf({ width, height, pixels, isGray }: Image): Pixels {
  const isOpaque = pixels.every((value, i) => i % 4 !== 3 || value === 255);
  if (!isOpaque) return { width, height, type: "rgba", bytes: pixels };
  const channels = isGray ? 1 : 3;
  const bytes = new Uint8Array(width * height * channels);
  for (let i = 0; i < width * height; i++) {
    for (let channel = 0; channel < channels; channel++) bytes[i * channels + channel] = pixels[4 * i + channel] as number;
  }
  return { width, height, type: isGray ? "gray" : "rgb", bytes };
}
