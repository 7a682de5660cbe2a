using System.Text;
using ChangeAdmission.Kubernetes.Admission;
using CsCheck;
using static ChangeAdmission.Kubernetes.Tests.Admission.Reviews;

namespace ChangeAdmission.Kubernetes.Tests.Admission;

public sealed class AdmissionReviewReaderTests
{
    [Fact]
    public void A_review_is_read_whatever_else_stands_in_it()
    {
        ReadOnlyMemory<byte> body = Update(annotations: """{"k":"v"}""");

        var request = AdmissionReviewReader.Read(body);

        Encoding.UTF8.GetString(request.Uid.Of(body).Span).Should().Be("\"u-1\"");
        request.Should().Match<AdmissionRequest>(r =>
            r.Group == "apps" && r.Version == "v1" && r.Kind == "Deployment" && r.Namespace == "shop"
            && r.Name == "payments" && r.Operation == AdmissionOperation.Update && !r.IsDryRun);
        request.Object.Should().Match<ObjectSlices>(o => o.Name == "payments" && o.Uid == "w-1");
        Encoding.UTF8.GetString(request.Object.Template.Of(body).Span).Should().Be(Template, "the template is taken byte for byte");
        Encoding.UTF8.GetString(request.Object.Annotations.Of(body).Span).Should().Be("""{"k":"v"}""");
    }

    [Theory]
    [InlineData("", "the body is empty")]
    [InlineData("   ", "the body is not JSON*")]
    [InlineData("hello", "the body is not JSON*")]
    [InlineData("[]", "the body is not a JSON object")]
    [InlineData("{}", "the body is not an AdmissionReview")]
    [InlineData("""{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1beta1","request":{"uid":"u"}}""", "apiVersion is not admission.k8s.io/v1")]
    [InlineData("""{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1"}""", "request is missing")]
    [InlineData("""{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":null}""", "request is missing")]
    [InlineData("""{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":[]}""", "request is not an object")]
    [InlineData("""{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":{}}""", "request.uid is missing")]
    [InlineData("""{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":{"uid":""}}""", "request.uid is empty*")]
    [InlineData("""{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":{"uid":7}}""", "request.uid is not a string")]
    [InlineData("""{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":{"uid":"u"}} {}""", "the body is not JSON*")]
    [InlineData("""{"kind":"AdmissionReview","kind":"AdmissionReview"}""", "the key \"kind\" stands twice in one object")]
    [InlineData("""{"kind":"AdmissionReview","ki\u006ed":"AdmissionReview"}""", "the key \"kind\" stands twice in one object")]
    public void What_is_no_review_is_refused_in_words(string body, string message) =>
        FluentActions.Invoking(() => AdmissionReviewReader.Read(Bytes(body))).Should().Throw<AdmissionReviewException>().WithMessage(message);

    [Theory]
    [InlineData("\"labels\":{\"app\":\"p\"}", "\"labels\":{\"app\":\"p\",\"app\":\"p\"}", "the key \"app\" stands twice in one object")]
    [InlineData("\"username\":\"dev\"", "\"username\":\"dev\",\"username\":\"senior\"", "the key \"username\" stands twice in one object")]
    [InlineData("\"template\":", "\"template\":{},\"templat\\u0065\":", "the key \"template\" stands twice in one object")]
    [InlineData("\"username\":\"dev\"", "\"username\":\"\\ud800\",\"\\ud800\":1", "*not valid Unicode")]
    public void One_key_twice_is_refused_wherever_it_stands_and_however_it_is_spelt(string part, string by, string message) =>
        FluentActions.Invoking(() => AdmissionReviewReader.Read(Replaced(part, by))).Should().Throw<AdmissionReviewException>().WithMessage(message);

    [Fact]
    public void Nesting_is_bounded()
    {
        var deep = Replaced("{\"are\":\"fine\"}", new string('[', 10_000) + new string(']', 10_000));

        FluentActions.Invoking(() => AdmissionReviewReader.Read(deep)).Should().Throw<AdmissionReviewException>().WithMessage("*nested deeper than 64 levels*");
    }

    [Fact]
    public void Invalid_utf_8_is_refused()
    {
        var body = Update();
        body[^10] = 0xFF;

        FluentActions.Invoking(() => AdmissionReviewReader.Read(body)).Should().Throw<AdmissionReviewException>().WithMessage("*not valid UTF-8");
    }

    [Fact]
    public void Whatever_is_done_to_a_review_it_is_read_or_refused_and_nothing_else() =>
        Gen.Select(Gen.Int[0, 10_000], Gen.Byte, Gen.Int[0, 3], Gen.Int[0, 40]).Array[1, 6].Sample(
            edits =>
            {
                var body = Update().ToList();
                foreach (var (at, value, how, length) in edits)
                {
                    var place = at % body.Count;
                    switch (how)
                    {
                        case 0: body[place] = value; break;
                        case 1: body.Insert(place, value); break;
                        case 2: body.RemoveRange(place, Math.Min(length, body.Count - place - 1)); break;
                        default: body.InsertRange(place, body.GetRange(place, Math.Min(length, body.Count - place))); break;
                    }
                }

                try
                {
                    _ = ChangeReader.Read(AdmissionReviewReader.Read(body.ToArray()));
                }
                catch (AdmissionReviewException)
                {
                    // The one way to refuse.
                }
            },
            iter: 20_000);
}
