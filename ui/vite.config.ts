import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

// Addresses are relative: the page may lie below any path of a proxy, which the server writes into <base>.
export default defineConfig({
  base: "./",
  plugins: [react()],
  resolve: { alias: { "@": fileURLToPath(new URL("./src", import.meta.url)) } },
  build: {
    outDir: "../src/tilth/server/static",
    emptyOutDir: true,
    target: "es2022",
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 5_000,
  },
  server: { proxy: { "^/(api|files|contents|live|login|logout|health)": "http://127.0.0.1:8008" } },
});
