// What each stage of one admission costs, in microseconds and allocated bytes, on the recorded reviews. Where the load
// run says how much the controller loses against the floor, this says where.
//
//   dotnet run --project bench/Micro --configuration Release [-- <part of a file's name>]
using System.Buffers;
using System.Buffers.Text;
using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using ChangeAdmission.Core;
using ChangeAdmission.Core.Approvals;
using ChangeAdmission.Core.Budgets;
using ChangeAdmission.Core.Changes;
using ChangeAdmission.Kubernetes.Admission;
using ChangeAdmission.Kubernetes.Resources;

var wanted = args.Length > 0 ? args[0] : "";
var reviews = Path.Combine(AppContext.BaseDirectory, "reviews");
using var written = JsonDocument.Parse("""{"metadata":{"name":"critical"},"spec":{}}""");
var policies = new[] { ChangePolicyResource.Read(written.RootElement) };
var output = new ArrayBufferWriter<byte>(64 * 1024);

// What the decision on these reviews asks for.
var facts = Facts.None with
{
    Now = TimeProvider.System.GetUtcNow(),
    Ledger = RolloutLedger.Empty with { AdoptedAt = TimeProvider.System.GetUtcNow() },
    ApprovalObjects = [],
};

Console.WriteLine($"{"review",-22} {"stage",-34} {"us",9} {"bytes",9}");
foreach (var file in Directory.GetFiles(reviews, "*.json").Where(f => f.Contains(wanted, StringComparison.Ordinal)).OrderBy(f => new FileInfo(f).Length))
{
    ReadOnlyMemory<byte> body = await File.ReadAllBytesAsync(file).ConfigureAwait(false);
    var name = Path.GetFileNameWithoutExtension(file);
    var request = AdmissionReviewReader.Read(body);

    Measure(name, "UTF-8 is valid", () => Utf8.IsValid(body.Span));
    Measure(name, "bare Utf8JsonReader, for comparison", () => Tokens(body.Span));
    Measure(name, "AdmissionReviewReader.Read", () => AdmissionReviewReader.Read(body));
    Measure(name, "ChangeReader.Read", () => ChangeReader.Read(request));
    if (ChangeReader.Read(request) is ChangeReading.ToJudge(var change))
    {
        var workload = change.Workload;
        Measure(name, "ChangeDigest.Compute, one template", () => ChangeDigest.Compute(workload, change.Proposed.Template));

        // A change computes its digests once, so what needs them is measured with the reading that makes a new one.
        Measure(name, "ChangeReader.Read + Evaluate", () => Decide(request));
        var decision = Decide(request);
        Measure(name, "DecisionText.Rejection", () => DecisionText.Rejection(decision));
        var response = AdmissionResponse.Reject(DecisionText.Rejection(decision));
        Measure(name, "AdmissionResponse.WriteTo", () => Write(response, request));
        Measure(name, "all of these", () => Write(AdmissionResponse.Reject(DecisionText.Rejection(Decide(AdmissionReviewReader.Read(body)))), request));
    }
    else
    {
        Measure(name, "AdmissionResponse.WriteTo", () => Write(AdmissionResponse.Admit, request));
        Measure(name, "all of these", () => (ChangeReader.Read(AdmissionReviewReader.Read(body)), Write(AdmissionResponse.Admit, request)));
    }

    Console.WriteLine();
}

using var pair = ECDsa.Create(ECCurve.NamedCurves.nistP256);
var key = SigningKey.Read(pair.ExportSubjectPublicKeyInfoPem(), out _)!;
var token = Token(pair);
Measure("signed approval", "ApprovalToken.Read", () => ApprovalToken.Read(token, out _));
Measure("signed approval", "Read and IsSignedBy", () => ApprovalToken.Read(token, out _)!.IsSignedBy(key) ? 1 : throw new InvalidOperationException("it is signed"));

static string Token(ECDsa pair)
{
    var header = """{"alg":"ES256","typ":"changeadmission-approval+jwt","kid":"alice@example.com"}""";
    var claims = $$"""{"sub":"shop/Deployment/payments","digest":"sha256:{{new string('1', 64)}}","approver":"alice@example.com","aud":"default","iat":1,"exp":2}""";
    var signed = $"{Base64Url.EncodeToString(Encoding.ASCII.GetBytes(header))}.{Base64Url.EncodeToString(Encoding.ASCII.GetBytes(claims))}";
    return $"{signed}.{Base64Url.EncodeToString(pair.SignData(Encoding.ASCII.GetBytes(signed), HashAlgorithmName.SHA256))}";
}

Decision Decide(AdmissionRequest request) =>
    ChangeReader.Read(request) is ChangeReading.ToJudge(var change)
    && Evaluator.Evaluate(change, policies, facts) is Evaluation.Decided(var decision)
        ? decision
        : throw new InvalidOperationException("the review is not one that is decided without a lookup");

int Write(AdmissionResponse response, AdmissionRequest request)
{
    output.ResetWrittenCount();
    response.WriteTo(output, request.Uid.Of(request.Body).Span);
    return output.WrittenCount;
}

static int Tokens(ReadOnlySpan<byte> json)
{
    var reader = new Utf8JsonReader(json);
    var tokens = 0;
    while (reader.Read())
    {
        tokens++;
    }

    return tokens;
}

// The best of several rounds: on a machine with neighbours the least disturbed one is nearest to the cost.
static void Measure<T>(string review, string stage, Func<T> work)
{
    const int Rounds = 15;
    var perRound = TimeSpan.FromMilliseconds(60);
    var warm = Stopwatch.StartNew();
    var count = 0;
    while (warm.Elapsed < TimeSpan.FromMilliseconds(400))
    {
        work();
        count++;
    }

    var times = Math.Max(1, (int)(count * (perRound / warm.Elapsed)));
    var best = double.MaxValue;
    long bytes = 0;
    for (var round = 0; round < Rounds; round++)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        var started = Stopwatch.GetTimestamp();
        for (var i = 0; i < times; i++)
        {
            GC.KeepAlive(work());
        }

        best = Math.Min(best, Stopwatch.GetElapsedTime(started).TotalMicroseconds / times);
        bytes = (GC.GetAllocatedBytesForCurrentThread() - before) / times;
    }

    Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{review,-22} {stage,-34} {best,9:0.00} {bytes,9}"));
}
