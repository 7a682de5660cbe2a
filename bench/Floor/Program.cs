// The floor: what an admission webhook costs in Kestrel before it looks at anything. It drains the body and answers a
// constant, served with the settings of the controller (ControllerHost.Listen, WebhookEndpoint). No product ships it.
using System.Buffers;
using System.Net;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;

const int MaxBody = 7 * 1024 * 1024;
const int MaxInFlight = 256;

if (args is not [var address] || !IPEndPoint.TryParse(address, out var endpoint))
{
    await Console.Error.WriteLineAsync("Usage: floor <address:port>").ConfigureAwait(false);
    return 2;
}

var answer =
    """{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","response":{"uid":"705ab4f5-6393-11e8-b7cc-42010a800002","allowed":true}}"""u8
    .ToArray();
using var certificate = SelfSigned();
var tls = new SslServerAuthenticationOptions
{
    ServerCertificateContext = SslStreamCertificateContext.Create(certificate, additionalCertificates: null, offline: true),
    EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
    ApplicationProtocols = [SslApplicationProtocol.Http2, SslApplicationProtocol.Http11],
};

var builder = WebApplication.CreateSlimBuilder();
builder.Logging.ClearProviders();
builder.WebHost.UseKestrelHttpsConfiguration();
builder.WebHost.ConfigureKestrel(kestrel =>
{
    kestrel.AddServerHeader = false;
    kestrel.Limits.MaxRequestBodySize = MaxBody;
    kestrel.Limits.Http2.MaxStreamsPerConnection = MaxInFlight;
    kestrel.Listen(endpoint, listen =>
    {
        listen.Protocols = HttpProtocols.Http1AndHttp2;
        listen.UseHttps(new TlsHandshakeCallbackOptions { OnConnection = _ => ValueTask.FromResult(tls) });
    });
});

var app = builder.Build();
app.Run(async http =>
{
    var body = http.Request.BodyReader;
    while (true)
    {
        var read = await body.ReadAsync(http.RequestAborted).ConfigureAwait(false);
        body.AdvanceTo(read.Buffer.End);
        if (read.IsCompleted)
        {
            break;
        }
    }

    http.Response.ContentType = "application/json";
    http.Response.ContentLength = answer.Length;
    http.Response.BodyWriter.Write(answer);
});
await app.RunAsync().ConfigureAwait(false);
return 0;

static X509Certificate2 SelfSigned()
{
    using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    var request = new CertificateRequest("CN=floor", key, HashAlgorithmName.SHA256);
    var names = new SubjectAlternativeNameBuilder();
    names.AddIpAddress(IPAddress.Loopback);
    request.CertificateExtensions.Add(names.Build());
    var now = DateTimeOffset.UtcNow;
    using var made = request.CreateSelfSigned(now.AddMinutes(-5), now.AddDays(1));
    return X509CertificateLoader.LoadPkcs12(made.Export(X509ContentType.Pkcs12), null);
}
