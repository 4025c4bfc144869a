// Shows the OpenAPI document named by the script element; everything comes from this server.
const { document: address } = document.currentScript.dataset;
const shown = document.getElementById("swagger-ui");

// What Swagger UI leaves out for those who hear a page or have no mouse: [what, the attributes it lacks].
const LACKING = [
  [".opblock-tag, .models > h4, .modal-ux h3", { role: "heading", "aria-level": "2" }],
  [".opblock h4, .opblock h5, .modal-ux h4", { role: "heading", "aria-level": "3" }],
  [".close-modal", { "aria-label": "Close" }],
  ["#servers", { "aria-label": "Server" }],
  [".body-param__text", { "aria-label": "Request body" }],
  ["pre", { tabindex: "0" }],
];

function complete() {
  for (const [selector, attributes] of LACKING) {
    for (const element of shown.querySelectorAll(selector)) {
      for (const [name, value] of Object.entries(attributes)) {
        if (element.getAttribute(name) !== value) element.setAttribute(name, value);
      }
    }
  }
}

new MutationObserver(complete).observe(shown, { childList: true, subtree: true });

// A link inside the button of an operation cannot be reached apart from it. Its address works all the same.
const withoutLinks = ({ React }) => ({ components: { DeepLink: ({ text }) => React.createElement("span", null, text) } });

window.SwaggerUIBundle({
  url: address,
  domNode: shown,
  plugins: [withoutLinks],
  deepLinking: true,
  docExpansion: "list",
  defaultModelsExpandDepth: 0,
  displayRequestDuration: true,
  persistAuthorization: false,
  validatorUrl: null,
});
