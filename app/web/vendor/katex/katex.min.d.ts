/** The UMD build puts itself into `globalThis.katex`. */
export {};
