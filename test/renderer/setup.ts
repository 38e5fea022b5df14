/** For every test file of the window: a clean page after each test, and the page's own quiet zod. */

import "#renderer/api/quiet-zod.ts";
import { cleanup } from "@testing-library/react";
import { afterEach } from "vitest";

afterEach(cleanup);
