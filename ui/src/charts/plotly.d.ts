/** What the page uses of Plotly, which comes without types of its own. */
declare module "plotly.js-dist-min" {
  namespace Plotly {
    type Data = Record<string, unknown>;
    type Layout = Record<string, unknown>;
  }
  const Plotly: {
    react(host: HTMLElement, data: Plotly.Data[], layout: Partial<Plotly.Layout>, config: Record<string, unknown>): Promise<unknown>;
    purge(host: HTMLElement): void;
  };
  export default Plotly;
}
