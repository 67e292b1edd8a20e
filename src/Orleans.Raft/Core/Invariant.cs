using System;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Text;

namespace Orleans.Raft.Core;

/// <summary>
/// Checks of what can never be false while no state was lost or corrupted. Always on: the alternative to stopping is to un-commit data.
/// The message is built only when the condition fails.
/// </summary>
internal static class Invariant
{
    /// <summary>Throws unless the condition holds. <see cref="RaftNode"/>'s verbs turn the exception into a fault.</summary>
    public static void Holds(
        [DoesNotReturnIf(false)] bool condition,
        [InterpolatedStringHandlerArgument(nameof(condition))] ref InvariantMessage message,
        [CallerArgumentExpression(nameof(condition))] string text = "")
    {
        if (!condition)
        {
            throw new InvariantViolationException($"{text} — {message.ToStringAndClear()}");
        }
    }
}

/// <summary>Interpolated message of <see cref="Invariant.Holds"/>; formats nothing while the condition is true.</summary>
[InterpolatedStringHandler]
internal readonly ref struct InvariantMessage
{
    private readonly StringBuilder? _text;

    public InvariantMessage(int literalLength, int formattedCount, bool condition, out bool isEnabled)
    {
        isEnabled = !condition;
        _text = condition ? null : new StringBuilder(literalLength + (formattedCount * 8));
    }

    public void AppendLiteral(string value) => _text!.Append(value);

    public void AppendFormatted<T>(T value) => _text!.Append(value);

    public string ToStringAndClear() => _text?.ToString() ?? "";
}

/// <summary>A broken invariant; never leaves Core.</summary>
internal sealed class InvariantViolationException(string message) : Exception(message);
