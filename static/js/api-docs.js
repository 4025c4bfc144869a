// Shows the OpenAPI document named by the script element; everything comes from this server.
const { document: address } = document.currentScript.dataset;

window.SwaggerUIBundle({
  url: address,
  domNode: document.getElementById("swagger-ui"),
  deepLinking: true,
  docExpansion: "list",
  defaultModelsExpandDepth: 0,
  displayRequestDuration: true,
  persistAuthorization: false,
  validatorUrl: null,
});
