declare module "*.ftl" {
  const text: string;
  export default text;
}

declare module "hls.js/light" {
  import Hls from "hls.js";
  export default Hls;
}
declare module "*.embedded.css" {
  const text: string;
  export default text;
}
