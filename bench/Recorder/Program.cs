// Keeps the AdmissionReviews an API server sends, byte for byte, and admits everything. reviews/record runs it.
//
//   recorder <address:port> <directory>
//
// writes <directory>/ca.crt, which the webhook configuration must carry, then 1.json, 2.json … as they come.
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;

if (args is not [var address, var directory] || !IPEndPoint.TryParse(address, out var endpoint))
{
    await Console.Error.WriteLineAsync("Usage: recorder <address:port> <directory>").ConfigureAwait(false);
    return 2;
}

using var certificate = SelfSigned(endpoint.Address);
await File.WriteAllTextAsync(Path.Combine(directory, "ca.crt"), certificate.ExportCertificatePem()).ConfigureAwait(false);

var builder = WebApplication.CreateSlimBuilder();
builder.Logging.SetMinimumLevel(LogLevel.Warning);
builder.WebHost.UseKestrelHttpsConfiguration();
builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(endpoint, listen => listen.UseHttps(certificate)));

var app = builder.Build();
var received = 0;
app.Run(async http =>
{
    using var body = new MemoryStream();
    await http.Request.Body.CopyToAsync(body, http.RequestAborted).ConfigureAwait(false);
    var bytes = body.ToArray();
    var file = Path.Combine(directory, $"{Interlocked.Increment(ref received)}.json");
    await File.WriteAllBytesAsync(file, bytes, http.RequestAborted).ConfigureAwait(false);

    var answer = new JsonObject
    {
        ["apiVersion"] = "admission.k8s.io/v1",
        ["kind"] = "AdmissionReview",
        ["response"] = new JsonObject { ["uid"] = (string?)JsonNode.Parse(bytes)?["request"]?["uid"], ["allowed"] = true },
    };
    http.Response.ContentType = "application/json";
    await http.Response.WriteAsync(answer.ToJsonString(), http.RequestAborted).ConfigureAwait(false);
});
await app.RunAsync().ConfigureAwait(false);
return 0;

static X509Certificate2 SelfSigned(IPAddress address)
{
    using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    var request = new CertificateRequest("CN=recorder", key, HashAlgorithmName.SHA256);
    var names = new SubjectAlternativeNameBuilder();
    names.AddIpAddress(address);
    request.CertificateExtensions.Add(names.Build());
    request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
    var now = DateTimeOffset.UtcNow;
    using var made = request.CreateSelfSigned(now.AddMinutes(-5), now.AddDays(1));
    return X509CertificateLoader.LoadPkcs12(made.Export(X509ContentType.Pkcs12), null);
}
