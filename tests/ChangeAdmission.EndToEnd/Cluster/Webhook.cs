using System.Net;
using System.Net.Http.Headers;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;

namespace ChangeAdmission.EndToEnd.Cluster;

/// <summary>What the controller answered to a body that somebody posted.</summary>
internal sealed record WebhookAnswer(HttpStatusCode Status, string Text)
{
    /// <summary>The <c>response</c> of the review; null when the answer is not one.</summary>
    public JsonNode? Response => Status == HttpStatusCode.OK ? JsonNode.Parse(Text)?["response"] : null;

    public bool IsAdmission => Response?["allowed"]?.GetValue<bool>() == true;

    /// <summary>The problem in words: of the refusal, or of the rejection.</summary>
    public string Problem => Response is { } response ? response["status"]?["message"]?.GetValue<string>() ?? "" : Text;
}

/// <summary>The controller's webhooks, called as the API server calls them: HTTP/2, TLS, the CA that is published.</summary>
internal sealed class Webhook : IDisposable
{
    public const string Rollouts = "validate/rollouts";
    public const string Resources = "validate/resources";

    private readonly HttpClient _http;

    private Webhook(X509Certificate2Collection authorities)
    {
        _http = new HttpClient(new SocketsHttpHandler
        {
            UseProxy = false,
            SslOptions = new SslClientAuthenticationOptions { CertificateChainPolicy = Api.Trusting([.. authorities]) },
        })
        {
            BaseAddress = new Uri($"https://{Stack.Current.WebhookAddress}/"),
            Timeout = TimeSpan.FromSeconds(30),
            DefaultRequestVersion = HttpVersion.Version20,
            DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
    }

    public static async Task<Webhook> ConnectAsync()
    {
        var configuration = await Api.Of("admin")
            .GetAsync("apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/changeadmission");
        var bundle = configuration["webhooks"]![0]!["clientConfig"]!["caBundle"]!.GetValue<string>();
        var authorities = new X509Certificate2Collection();
        authorities.ImportFromPem(Encoding.ASCII.GetString(Convert.FromBase64String(bundle)));
        return new Webhook(authorities);
    }

    public Task<WebhookAnswer> PostAsync(JsonNode review, string path = Rollouts) =>
        PostAsync(Encoding.UTF8.GetBytes(review.ToJsonString()), path);

    public async Task<WebhookAnswer> PostAsync(ReadOnlyMemory<byte> body, string path = Rollouts, string type = "application/json")
    {
        using var content = new ReadOnlyMemoryContent(body);
        content.Headers.ContentType = MediaTypeHeaderValue.Parse(type);
        return await SendAsync(HttpMethod.Post, path, content);
    }

    public async Task<WebhookAnswer> SendAsync(HttpMethod method, string path, HttpContent? content)
    {
        using var request = new HttpRequestMessage(method, path)
        {
            Content = content,
            Version = _http.DefaultRequestVersion,
            VersionPolicy = _http.DefaultVersionPolicy,
        };
        using var response = await _http.SendAsync(request);
        return new WebhookAnswer(response.StatusCode, await response.Content.ReadAsStringAsync());
    }

    public void Dispose() => _http.Dispose();
}
