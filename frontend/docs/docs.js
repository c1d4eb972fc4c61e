/* The API to read and to try: Swagger UI, on the document that the server makes. */
(function () {
  'use strict';

  window.SwaggerUIBundle({
    url: '../schema/',
    dom_id: '#api',
    deepLinking: true,
    displayRequestDuration: true,
    docExpansion: 'list',
    defaultModelsExpandDepth: 0,
    persistAuthorization: false,
    tryItOutEnabled: true,
    validatorUrl: null,
  });
})();
