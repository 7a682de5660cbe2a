using System.Buffers;
using System.IO.Hashing;
using System.Text.Json;

namespace ChangeAdmission.Kubernetes.Admission;

/// <summary>
/// A <see cref="Utf8JsonReader"/> that refuses duplicate keys at every level: two readers of one document must not
/// see two documents. Keys are compared by a 64-bit hash; a collision would refuse a sound document, never pass a
/// doubled one.
/// </summary>
internal ref struct JsonCursor
{
    public const int MaxDepth = 64;

    // Up to this many keys of one object are searched in line, which the CPU does several at a time; more go to a set.
    private const int Few = 64;

    private Utf8JsonReader _reader;
    private ulong[] _keys;
    private int _count;
    private OpenObjects _starts;
    private HashSet<ulong>?[]? _sets;
    private int _objects;

    public JsonCursor(ReadOnlySpan<byte> utf8)
    {
        _reader = new Utf8JsonReader(utf8, new JsonReaderOptions { MaxDepth = MaxDepth });
        _keys = ArrayPool<ulong>.Shared.Rent(512);
    }

    public readonly JsonTokenType TokenType => _reader.TokenType;

    /// <summary>Where the current token begins.</summary>
    public readonly int Start => (int)_reader.TokenStartIndex;

    /// <summary>Where the current token ends; after <see cref="Skip"/>, where the whole value does.</summary>
    public readonly int End => (int)_reader.BytesConsumed;

    public void Dispose()
    {
        ArrayPool<ulong>.Shared.Return(_keys);
        _keys = [];
    }

    public readonly bool Is(ReadOnlySpan<byte> name) => _reader.ValueTextEquals(name);

    public readonly string? GetString() => _reader.GetString();

    /// <summary>False also when the token is no number.</summary>
    public readonly bool TryGetInt64(out long value)
    {
        value = 0;
        return _reader.TokenType == JsonTokenType.Number && _reader.TryGetInt64(out value);
    }

    public bool Read()
    {
        if (!_reader.Read())
        {
            return false;
        }

        switch (_reader.TokenType)
        {
            case JsonTokenType.StartObject:
                _starts[_objects++] = _count;
                break;
            case JsonTokenType.EndObject:
                _count = _starts[--_objects];
                if (_sets is not null)
                {
                    _sets[_objects] = null;
                }

                break;
            case JsonTokenType.PropertyName:
                Remember();
                break;
        }

        return true;
    }

    /// <summary>From the first token of a value, or from its name, to its last token.</summary>
    public void Skip()
    {
        if (_reader.TokenType == JsonTokenType.PropertyName)
        {
            Read();
        }

        if (_reader.TokenType is not (JsonTokenType.StartObject or JsonTokenType.StartArray))
        {
            return;
        }

        var depth = _reader.CurrentDepth;
        while (Read() && _reader.CurrentDepth > depth)
        {
        }
    }

    private void Remember()
    {
        var hash = Hash();
        var own = _keys.AsSpan(_starts[_objects - 1], _count - _starts[_objects - 1]);
        if (own.Length < Few ? own.Contains(hash) : !SetOf(own).Add(hash))
        {
            throw new AdmissionReviewException($"the key {Core.Quoted.Of(_reader.GetString())} stands twice in one object");
        }

        if (_count == _keys.Length)
        {
            var larger = ArrayPool<ulong>.Shared.Rent(_keys.Length * 2);
            _keys.CopyTo(larger.AsSpan());
            ArrayPool<ulong>.Shared.Return(_keys);
            _keys = larger;
        }

        _keys[_count++] = hash;
    }

    private HashSet<ulong> SetOf(ReadOnlySpan<ulong> keys)
    {
        _sets ??= new HashSet<ulong>?[MaxDepth + 1];
        if (_sets[_objects - 1] is { } set)
        {
            return set;
        }

        set = new HashSet<ulong>(keys.Length * 2);
        foreach (var key in keys)
        {
            set.Add(key);
        }

        _sets[_objects - 1] = set;
        return set;
    }

    private readonly ulong Hash()
    {
        if (!_reader.ValueIsEscaped)
        {
            return XxHash3.HashToUInt64(_reader.ValueSpan);
        }

        // Written with escapes it is still the same key.
        var buffer = ArrayPool<byte>.Shared.Rent(_reader.ValueSpan.Length);
        try
        {
            return XxHash3.HashToUInt64(buffer.AsSpan(0, _reader.CopyString(buffer)));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    [System.Runtime.CompilerServices.InlineArray(MaxDepth + 1)]
    private struct OpenObjects
    {
        private int _first;
    }
}
