using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace ChangeAdmission.EndToEnd.Cluster;

/// <summary>Somebody else's validating webhook, which says no to some creates for reasons of its own.</summary>
internal sealed class ContraryWebhook : IAsyncDisposable
{
    public const string Label = "test.changeadmission.io/contrary";
    private const string Path = "apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations";

    private readonly WebApplication _server;
    private readonly string _authority;
    private int _refused;

    private ContraryWebhook(WebApplication server, string authority) => (_server, _authority) = (server, authority);

    public int Refused => _refused;

    public static async Task<ContraryWebhook> StartAsync(int refusesOneIn)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=contrary", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        using var made = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddMinutes(-5), DateTimeOffset.UtcNow.AddDays(1));
        var certificate = X509CertificateLoader.LoadPkcs12(made.Export(X509ContentType.Pkcs12), null);

        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(k => k.Listen(IPAddress.Loopback, 0, listen => listen.UseHttps(certificate)));
        var server = builder.Build();
        var webhook = new ContraryWebhook(server, certificate.ExportCertificatePem());
        server.Run(http => webhook.AnswerAsync(http, refusesOneIn));
        await server.StartAsync();
        return webhook;
    }

    public async Task RegisterAsync(TestNamespace ns)
    {
        var configuration = JsonNode.Parse(
            $$"""
            {
              "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration", "metadata": { "name": "contrary" },
              "webhooks": [{
                "name": "contrary.example.com", "admissionReviewVersions": ["v1"], "sideEffects": "None", "failurePolicy": "Fail",
                "namespaceSelector": { "matchLabels": { "{{Label}}": "true" } },
                "rules": [{ "apiGroups": ["apps"], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["deployments"] }],
                "clientConfig": { "url": "{{_server.Urls.Single()}}/", "caBundle": "{{Convert.ToBase64String(Encoding.ASCII.GetBytes(_authority))}}" }
              }]
            }
            """)!;
        (await Api.Of("admin").PostAsync(Path, configuration)).ShouldBeOk();
        await Eventually.Holds("the API server to ask it", async () =>
        {
            for (var i = 0; i < 10; i++)
            {
                await People.Dev.Creates(A.Deployment($"probe-{i}")).AsDryRun().In(ns);
            }

            return _refused > 0;
        });
    }

    public async ValueTask DisposeAsync()
    {
        await Api.Of("admin").DeleteAsync($"{Path}/contrary");
        await _server.StopAsync();
        await _server.DisposeAsync();
    }

    private async Task AnswerAsync(HttpContext http, int refusesOneIn)
    {
        var review = (await JsonNode.ParseAsync(http.Request.Body))!;
        var name = review["request"]!["name"]!.GetValue<string>();
        var allowed = int.Parse(name[(name.LastIndexOf('-') + 1)..], System.Globalization.CultureInfo.InvariantCulture) % refusesOneIn != 0;
        if (!allowed)
        {
            Interlocked.Increment(ref _refused);
        }

        var answer = new JsonObject
        {
            ["apiVersion"] = "admission.k8s.io/v1",
            ["kind"] = "AdmissionReview",
            ["response"] = new JsonObject { ["uid"] = review["request"]!["uid"]!.GetValue<string>(), ["allowed"] = allowed },
        };
        http.Response.ContentType = "application/json";
        await http.Response.WriteAsync(answer.ToJsonString());
    }
}
