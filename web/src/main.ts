import "./style.css";
import "./app";
import type { App } from "./app";
import { chooseBackend } from "./backend";

const app = document.querySelector("plainwire-page") as App;
void app.start(chooseBackend());
