using System.Globalization;
using System.Runtime.CompilerServices;

namespace Orleans.Raft.Simulation;

/// <summary>The text of a violation, made only when there is one.</summary>
[InterpolatedStringHandler]
internal ref struct Detail
{
    private DefaultInterpolatedStringHandler _inner;

    public Detail(int literalLength, int formattedCount, bool holds, out bool isNeeded)
    {
        isNeeded = !holds;
        _inner = holds ? default : new DefaultInterpolatedStringHandler(literalLength, formattedCount, CultureInfo.InvariantCulture);
    }

    public string Text => _inner.ToStringAndClear();

    public void AppendLiteral(string value) => _inner.AppendLiteral(value);

    public void AppendFormatted<T>(T value) => _inner.AppendFormatted(value);
}
