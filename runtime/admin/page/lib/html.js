// What views are written with: preact by htm, in one place.

export {
  html, render, useEffect, useErrorBoundary, useLayoutEffect, useMemo, useRef, useState,
} from "../vendor/preact-htm.module.js";
