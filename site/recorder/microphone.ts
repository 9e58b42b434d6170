/** Samples of the microphone, as they are: from -1 to 1, one channel. */
import type { Source } from "./source.ts";
import worklet from "./worklet.ts?worker&url";

/** Asks for the microphone. `rate` is that of a recording which is continued; else the browser chooses. */
export async function microphone(rate: number | undefined): Promise<Source> {
  const { mediaDevices } = navigator;
  if (mediaDevices === undefined) throw new DOMException("The page must come from https: or localhost.", "SecurityError");
  const stream = await mediaDevices.getUserMedia({
    // What makes speech clearer would change the samples.
    audio: { channelCount: 1, echoCancellation: false, noiseSuppression: false, autoGainControl: false },
  });
  const context = new AudioContext(rate === undefined ? {} : { sampleRate: rate });
  const release = async (): Promise<void> => {
    for (const track of stream.getTracks()) track.stop();
    await context.close();
  };
  try {
    await context.audioWorklet.addModule(worklet);
    const input = context.createMediaStreamSource(stream);
    const node = new AudioWorkletNode(context, "samples", { channelCount: 1, channelCountMode: "explicit" });
    return {
      kind: "microphone",
      dtype: "<f4",
      rate: context.sampleRate,
      lineNames: ["sample"],
      start(_, take, fail) {
        node.port.onmessage = ({ data }: MessageEvent<Float32Array>) => {
          void take({ rows: data.length, input: data, lines: [data] });
        };
        stream.getTracks()[0]?.addEventListener("ended", () => fail(new Error("The microphone was disconnected.")));
        // Only what is connected to the speakers is run; it gives them silence.
        input.connect(node).connect(context.destination);
        void context.resume();
      },
      async stop() {
        const { onmessage } = node.port;
        await new Promise<void>((resolve) => {
          node.port.onmessage = (event) => {
            if (event.data === "stopped") resolve();
            else onmessage?.call(node.port, event);
          };
          node.port.postMessage("stop");
        });
        await release();
      },
    };
  } catch (error) {
    await release();
    throw error;
  }
}
