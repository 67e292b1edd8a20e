using Orleans.Metadata;
using Orleans.Runtime;

namespace Orleans.Raft.Storage.Provider;

/// <summary>Strategy of <see cref="RaftPlacementAttribute"/>; its two names travel as properties of the grain's type.</summary>
[GenerateSerializer]
[Alias("Orleans.Raft.RaftPlacement")]
internal sealed class RaftPlacement : PlacementStrategy
{
    private const string StateProperty = "orleans-raft-placement-state";
    private const string ProviderProperty = "orleans-raft-placement-provider";

    /// <summary>For Orleans, which fills it from the properties.</summary>
    public RaftPlacement() : this("", "")
    {
    }

    /// <summary>For the attribute.</summary>
    public RaftPlacement(string stateName, string providerName)
    {
        (StateName, ProviderName) = (stateName, providerName);
    }

    /// <summary>Name of the grain's main state.</summary>
    [Id(0)]
    public string StateName { get; private set; }

    /// <summary>Name of the provider.</summary>
    [Id(1)]
    public string ProviderName { get; private set; }

    /// <inheritdoc/>
    public override void Initialize(GrainProperties properties)
    {
        base.Initialize(properties);
        (StateName, ProviderName) = (properties.Properties[StateProperty], properties.Properties[ProviderProperty]);
    }

    /// <inheritdoc/>
    public override void PopulateGrainProperties(IServiceProvider services, Type grainClass, GrainType grainType, Dictionary<string, string> properties)
    {
        base.PopulateGrainProperties(services, grainClass, grainType, properties);
        (properties[StateProperty], properties[ProviderProperty]) = (StateName, ProviderName);
    }
}
