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
    rolldownOptions: {
      output: {
        codeSplitting: {
          // What every page needs is one file, and what is a few hundred bytes each is another: else a page is dozens of them.
          // None of it has styles, whose order would be another one.
          groups: [
            { name: "base", test: /node_modules[\\/](react|react-dom|scheduler|use-sync-external-store|@tanstack[\\/](react-router|router-core|history|react-store|store|react-query|query-core))[\\/]/, priority: 2 },
            { name: "small", test: /node_modules[\\/]lucide-react[\\/]|src[\\/](app[\\/]use-said|components[\\/](copy|find|focus|format|page-head|save|use-[a-z]+))\.tsx?$/, priority: 1 },
          ],
        },
      },
    },
  },
  server: { proxy: { "^/(api|files|contents|live|login|logout|health)": "http://127.0.0.1:8008" } },
});
