/** Where the recorder keeps recordings, so that the viewer finds them. */

/** The folder of the browser's private file system. */
export const RECORDINGS = "recordings";
