using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace ChangeAdmission.EndToEnd.Cluster;

/// <summary>What the API server answered.</summary>
internal sealed record Answer(HttpStatusCode Status, JsonNode Body)
{
    public string Message => Body["message"]?.GetValue<string>() ?? "";

    public JsonNode ShouldBeOk()
    {
        ((int)Status).Should().BeInRange(200, 299, "the API server answered: {0}", Message);
        return Body;
    }

    public Answer ShouldBeForbidden(string with)
    {
        Status.Should().Be(HttpStatusCode.Forbidden, "the API server answered: {0}", Message);
        Message.Should().Contain($"\n - {with}: ");
        return this;
    }
}

/// <summary>The API as one user reaches it without kubectl: by the client certificate of the user's kubeconfig.</summary>
internal sealed partial class Api(HttpClient http)
{
    // For as long as the process: one connection for each user.
    private static readonly ConcurrentDictionary<string, Api> Users = new();

    public static Api Of(string user) => Users.GetOrAdd(user, name => new Api(Connect(name)));

    /// <summary>Trusts this authority and no other.</summary>
    public static X509ChainPolicy Trusting(params X509Certificate2[] authorities)
    {
        var policy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            RevocationMode = X509RevocationMode.NoCheck,
        };
        policy.CustomTrustStore.AddRange(authorities);
        return policy;
    }

    public async Task<JsonNode> GetAsync(string path) => (await SendAsync(HttpMethod.Get, path)).ShouldBeOk();

    public Task<Answer> PostAsync(string path, JsonNode body) => SendAsync(HttpMethod.Post, path, body);

    public Task<Answer> PutAsync(string path, JsonNode body) => SendAsync(HttpMethod.Put, path, body);

    /// <summary>A JSON merge patch.</summary>
    public Task<Answer> PatchAsync(string path, JsonNode patch) => SendAsync(HttpMethod.Patch, path, patch, "application/merge-patch+json");

    public Task<Answer> DeleteAsync(string path) => SendAsync(HttpMethod.Delete, path);

    public async Task<Answer> SendAsync(HttpMethod method, string path, JsonNode? body = null, string type = "application/json")
    {
        using var request = new HttpRequestMessage(method, path);
        if (body is not null)
        {
            request.Content = new StringContent(body.ToJsonString(), Encoding.UTF8);
            request.Content.Headers.ContentType = new MediaTypeHeaderValue(type);
        }

        using var response = await http.SendAsync(request);
        var text = await response.Content.ReadAsStringAsync();
        try
        {
            return new Answer(response.StatusCode, JsonNode.Parse(text)!);
        }
        catch (JsonException)
        {
            return new Answer(response.StatusCode, new JsonObject { ["message"] = text });
        }
    }

    private static HttpClient Connect(string user)
    {
        var kubeconfig = File.ReadAllText(Path.Combine(Stack.RunDir, $"{user}.kubeconfig"));
        var authority = X509CertificateLoader.LoadCertificate(Encoding.ASCII.GetBytes(Pem(kubeconfig, "certificate-authority-data")));
        var certificate = X509Certificate2.CreateFromPem(
            Pem(kubeconfig, "client-certificate-data"), Pem(kubeconfig, "client-key-data"));
        return new HttpClient(new SocketsHttpHandler
        {
            UseProxy = false,
            SslOptions = new SslClientAuthenticationOptions
            {
                ClientCertificates = [certificate],
                CertificateChainPolicy = Trusting(authority),
            },
        })
        {
            BaseAddress = new Uri(Setting(kubeconfig, "server") + "/"),
            Timeout = TimeSpan.FromSeconds(30),
            DefaultRequestVersion = HttpVersion.Version20,
        };
    }

    // eng/control-plane writes each of these on a line of its own.
    private static string Setting(string kubeconfig, string name)
    {
        var line = Settings().Matches(kubeconfig).Single(match => match.Groups[1].Value == name);
        return line.Groups[2].Value;
    }

    private static string Pem(string kubeconfig, string name) =>
        Encoding.ASCII.GetString(Convert.FromBase64String(Setting(kubeconfig, name)));

    [GeneratedRegex(@"^ +([a-z-]+): (\S+)$", RegexOptions.Multiline)]
    private static partial Regex Settings();
}
